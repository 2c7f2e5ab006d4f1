"""What ``manage.py demo`` sets up: two small projects with real data whose answers are known."""
