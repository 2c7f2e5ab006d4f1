"""The admin's pages about the work, the people and the results."""

from labeling.admin import access, operations, pools, projects, results, skills, tasks

__all__ = ["access", "operations", "pools", "projects", "results", "skills", "tasks"]
