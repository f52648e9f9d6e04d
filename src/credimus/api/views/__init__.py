"""What a node holds, as the API's shapes. They change nothing."""
