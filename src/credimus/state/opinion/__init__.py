"""What follows from the rounds about members and beliefs; worked out when somebody asks."""
