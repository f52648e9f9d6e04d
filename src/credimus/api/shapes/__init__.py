"""What the API takes and gives: values only, light, for callers elsewhere too."""
