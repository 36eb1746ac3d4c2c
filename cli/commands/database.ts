/** `database adopt`: takes over a database that belongs to another installation. */

import { ADOPT_KEY, FOUND_KEY, KEEPSAKE_NAME } from '@berth/core/model/keepsake.ts'
import { ConfigMapKind } from '@berth/core/model/kind.ts'
import { defineCommand } from '../command.ts'
import { CliError } from '../error.ts'
import { MANAGER } from '../manager.ts'
import { PROGRAM } from '../program.ts'
import { noArguments } from '../target.ts'
import { asJson } from '../terminal.ts'

export const databaseAdopt = defineCommand({
  name: 'database adopt',
  arguments: '',
  summary: 'go on here with a database that belongs to another installation, which is gone for good',
  details: `A database that was restored or copied into another cluster belongs to the installation that it comes from: nothing logs
in, because the same account used twice loses keys and messages. When the other installation is stopped for good, this
has the operator take the database over: every session gets new keys before it logs in; no code has to be scanned.`,
  examples: [['database adopt --yes', 'after a move to another cluster, once the old one is gone']],
  options: { yes: { type: 'boolean', about: 'really: the other installation is gone for good' } },
  async run({ args, values, terminal, cluster }) {
    noArguments(args, 'database adopt')
    const client = await cluster()
    const found = (await client.get(ConfigMapKind, KEEPSAKE_NAME))?.data?.[FOUND_KEY]
    if (!found) {
      throw new CliError(`The database belongs to this installation: there is nothing to adopt. See ${PROGRAM} doctor`)
    }
    if (!values.yes) {
      throw new CliError(
        `The database belongs to the installation ${found}. While that one runs, every account would be used twice. ` +
          'If it is gone for good, add --yes.',
      )
    }
    const patch = { data: { [ADOPT_KEY]: found } }
    await client.mergePatch(ConfigMapKind, KEEPSAKE_NAME, patch, { manager: MANAGER })
    if (values.json) terminal.print(asJson({ adopted: found }))
    else
      terminal.print(`the database of the installation ${found} is taken over; sessions log in within a minute or so`)
  },
})
