/** All commands, in the order of the help. A new one is a file in commands/ and a line here. */
import type { Command } from './command.ts'
import { apply } from './commands/apply.ts'
import { databaseAdopt } from './commands/database.ts'
import { remove } from './commands/delete.ts'
import { describe } from './commands/describe.ts'
import { doctor } from './commands/doctor.ts'
import { workersDrain } from './commands/drain.ts'
import { events } from './commands/events.ts'
import { explainSession, explainTenantCommand, explainTierCommand, explainWorkerCommand } from './commands/explain.ts'
import { get } from './commands/get.ts'
import { keysCreate, keysList, keysRevoke } from './commands/keys.ts'
import { sessionsLink } from './commands/link.ts'
import { prepare } from './commands/prepare.ts'
import { send } from './commands/send.ts'
import { sessionsCreate, sessionsList, sessionsStart, sessionsStop } from './commands/sessions.ts'
import { shutdown } from './commands/shutdown.ts'
import { tenantsCreate, tenantsList, tenantsResume, tenantsSuspend } from './commands/tenants.ts'
import { workersCordon, workersList, workersUncordon } from './commands/workers.ts'

export const commands: Command[] = [
  ...[apply, get, describe, remove],
  ...[tenantsList, tenantsCreate, tenantsSuspend, tenantsResume],
  ...[keysCreate, keysList, keysRevoke],
  ...[sessionsList, sessionsCreate, sessionsLink, sessionsStart, sessionsStop],
  send,
  ...[workersList, workersCordon, workersUncordon, workersDrain],
  ...[explainSession, explainTenantCommand, explainWorkerCommand, explainTierCommand],
  events,
  doctor,
  ...[databaseAdopt, prepare, shutdown],
]
