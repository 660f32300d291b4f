"""Announcements: drafted in one room, approved there, sent to many, followed until all is told."""
