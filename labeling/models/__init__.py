from labeling.models.access import ApiToken, WebhookSubscription
from labeling.models.assignment import Answer, Assignment, Attachment
from labeling.models.operation import Operation, OperationLogEntry, UploadJob
from labeling.models.pool import Pool
from labeling.models.project import Project, ProjectVersion
from labeling.models.session import Session
from labeling.models.skill import PerformerSkill, Restriction, RuleFiring, Skill
from labeling.models.task import Task, TaskSuite

__all__ = [
    "Answer",
    "ApiToken",
    "Assignment",
    "Attachment",
    "Operation",
    "OperationLogEntry",
    "PerformerSkill",
    "Pool",
    "Project",
    "ProjectVersion",
    "Restriction",
    "RuleFiring",
    "Session",
    "Skill",
    "Task",
    "TaskSuite",
    "UploadJob",
    "WebhookSubscription",
]
