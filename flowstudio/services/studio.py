"""The services of people, projects and secrets, built once for a process."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from flowstudio.clock import Clock
from flowstudio.engine.contract import NodeType
from flowstudio.security.passwords import Passwords
from flowstudio.security.throttle import Throttle
from flowstudio.services.accounts import AccountService
from flowstudio.services.answer_links import AnswerLinkService
from flowstudio.services.audit import AuditService
from flowstudio.services.changes import ChangeService
from flowstudio.services.comments import CommentService
from flowstudio.services.credentials import CredentialService
from flowstudio.services.dead_runs import DeadRunService
from flowstudio.services.deliveries import DeliveryService
from flowstudio.services.drafts import DraftService
from flowstudio.services.health import HealthService
from flowstudio.services.housekeeping import HousekeepingService
from flowstudio.services.identities import IdentityService
from flowstudio.services.instance import InstanceService
from flowstudio.services.invitations import InvitationService
from flowstudio.services.keys import KeyService
from flowstudio.services.lookout import LookoutService
from flowstudio.services.mail import MailService
from flowstudio.services.members import MemberService
from flowstudio.services.node_runs import NodeRunService
from flowstudio.services.notification_settings import NotificationSettingService
from flowstudio.services.notifications import NotificationService, channel_of
from flowstudio.services.projects import ProjectService
from flowstudio.services.questions import QuestionService
from flowstudio.services.queue import QueueService
from flowstudio.services.removal import RemovalService
from flowstudio.services.retention import RetentionService
from flowstudio.services.runs import RunService
from flowstudio.services.schedules import ScheduleService
from flowstudio.services.secret_keys import open_ring
from flowstudio.services.sessions import SessionService
from flowstudio.services.studio_parts import StudioParts
from flowstudio.services.subworkflows import WorkflowFinder
from flowstudio.services.users import UserService
from flowstudio.services.versions import VersionService
from flowstudio.services.webhook_calls import WebhookCalls
from flowstudio.services.webhook_links import WebhookLinks
from flowstudio.services.webhook_requests import WebhookRequests
from flowstudio.services.webhooks import WebhookService
from flowstudio.services.workers import WorkerService
from flowstudio.services.workflow_imports import ImportService
from flowstudio.services.workflows import WorkflowService
from flowstudio.settings import Settings
from flowstudio.store.database import Database
from flowstudio.store.records import Records


@dataclass(frozen=True, slots=True)
class Studio:
    """One field a service."""

    parts: StudioParts
    accounts: AccountService
    answer_links: AnswerLinkService
    audit: AuditService
    changes: ChangeService
    comments: CommentService
    credentials: CredentialService
    dead_runs: DeadRunService
    deliveries: DeliveryService
    drafts: DraftService
    health: HealthService
    housekeeping: HousekeepingService
    identities: IdentityService
    imports: ImportService
    instance: InstanceService
    invitations: InvitationService
    keys: KeyService
    lookout: LookoutService
    mail: MailService
    members: MemberService
    node_runs: NodeRunService
    notification_settings: NotificationSettingService
    notifications: NotificationService
    projects: ProjectService
    queue: QueueService
    questions: QuestionService
    removal: RemovalService
    retention: RetentionService
    schedules: ScheduleService
    sessions: SessionService
    users: UserService
    versions: VersionService
    webhook_calls: WebhookCalls
    webhook_requests: WebhookRequests
    webhooks: WebhookService
    workers: WorkerService
    workflows: WorkflowService

    def close(self) -> None:
        """Let the database and the threads go."""
        self.mail.close()
        self.sessions.close()
        self.parts.records.close()


def open_studio(
    settings: Settings,
    database: Database,
    clock: Clock,
    runs: RunService,
    finder: WorkflowFinder,
    registry: Mapping[str, NodeType[Any]],
) -> Studio:
    """Build the services.

    Raises:
        SecretKeyError: the secret key is missing or the wrong one.
    """
    records = Records(database, settings.durability)
    try:
        ring = open_ring(settings, records)
    except BaseException:
        records.close()
        raise
    parts = StudioParts(settings, records, clock, ring, runs.parts.channels)
    records.on_told = partial(_show, parts)
    passwords, throttle, mail = Passwords(), Throttle(clock), MailService(settings, clock)
    credentials = CredentialService(parts, registry)
    sessions = SessionService(parts, passwords, throttle)
    links = AnswerLinkService(parts, runs)
    drafts = DraftService(parts, runs, credentials, registry)
    workflows = WorkflowService(parts, runs, finder, credentials, registry)
    hooks = WebhookLinks(parts, workflows)
    webhooks = WebhookService(parts, hooks)
    return Studio(
        parts=parts,
        accounts=AccountService(parts, sessions, passwords, throttle, mail),
        answer_links=links,
        audit=AuditService(records, clock),
        changes=ChangeService(parts, workflows, drafts, registry),
        comments=CommentService(parts),
        credentials=credentials,
        dead_runs=DeadRunService(parts, runs),
        deliveries=DeliveryService(parts, mail, links),
        drafts=drafts,
        health=HealthService(parts),
        housekeeping=HousekeepingService(parts),
        identities=IdentityService(parts, sessions),
        imports=ImportService(workflows, credentials, registry),
        instance=InstanceService(parts),
        invitations=InvitationService(parts, mail),
        keys=KeyService(parts),
        lookout=LookoutService(parts),
        mail=mail,
        members=MemberService(parts),
        node_runs=NodeRunService(parts, runs.parts),
        notification_settings=NotificationSettingService(parts),
        notifications=NotificationService(parts),
        projects=ProjectService(parts),
        queue=QueueService(parts, runs),
        questions=QuestionService(parts, runs),
        removal=RemovalService(parts),
        retention=RetentionService(parts),
        schedules=ScheduleService(parts, workflows, runs),
        sessions=sessions,
        users=UserService(parts, passwords),
        versions=VersionService(parts, workflows, registry),
        webhook_calls=WebhookCalls(parts, runs.parts, workflows, hooks),
        webhook_requests=WebhookRequests(parts, runs.parts.journal, webhooks),
        webhooks=webhooks,
        workers=WorkerService(parts, runs.dispatcher),
        workflows=workflows,
    )


def _show(parts: StudioParts, told: set[str]) -> None:
    """Have the open pages of people show that they were told something."""
    for user_id in told:
        parts.channels.publish(channel_of(user_id), {"t": "notification"})
