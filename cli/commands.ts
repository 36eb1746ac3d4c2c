/** All commands, in the order of the help. A new one is a file in commands/ and a line here. */
import type { Command } from './command.ts'
import { apply } from './commands/apply.ts'
import { remove } from './commands/delete.ts'
import { describe } from './commands/describe.ts'
import { get } from './commands/get.ts'
import { keysCreate } from './commands/keys-create.ts'
import { keysList } from './commands/keys-list.ts'
import { keysRevoke } from './commands/keys-revoke.ts'

export const commands: Command[] = [apply, get, describe, remove, keysCreate, keysList, keysRevoke]
