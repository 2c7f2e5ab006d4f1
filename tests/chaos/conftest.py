from tests.stack import programs, publish, sandbox, sandbox_process

__all__ = ["programs", "publish", "sandbox", "sandbox_process"]
