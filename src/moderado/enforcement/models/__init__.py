"""What people do about content and about each other."""
