/** `shutdown`: stops all that runs of an installation. */
import { defineCommand } from '../command.ts'
import { CliError } from '../error.ts'
import { shutDown } from '../shutdown.ts'
import { noArguments, secondsOf } from '../target.ts'
import { asJson } from '../terminal.ts'

const DEFAULT_TIMEOUT_S = 180

export const shutdown = defineCommand({
  name: 'shutdown',
  arguments: '',
  summary: 'stop the operator and all workers of an installation in a cluster; resources and data stay',
  details: `What the Helm chart does before it is uninstalled: deletions that are under way end, the operator's deployment goes,
then every worker gives its sessions back and goes. Afterwards tiers, tenants and sessions are nobody's business: they
stay, and can be deleted without an operator; their data in the database stay in either case. It may be repeated.
Installing again brings everything back, without a new QR.`,
  examples: [['shutdown --yes -n berth', 'before helm uninstall --no-hooks, for example']],
  options: {
    yes: { type: 'boolean', about: 'really: every session of the installation stops' },
    timeout: {
      type: 'string',
      value: 'SECONDS',
      about: `how long pods may take to stop (${DEFAULT_TIMEOUT_S})`,
    },
  },
  async run({ args, values, terminal, cluster, local }) {
    noArguments(args, 'shutdown')
    const timeoutMs = secondsOf(values.timeout, DEFAULT_TIMEOUT_S, 'shutdown') * 1000
    if (local) throw new CliError('This is a local mode: Ctrl-C where npm start runs stops it.')
    const client = await cluster()
    if (!values.yes) {
      throw new CliError(`This stops every session of the namespace ${client.namespace}. If you mean it, add --yes.`)
    }
    const lines: string[] = []
    await shutDown(client, timeoutMs, (line) => {
      lines.push(line)
      if (!values.json) terminal.print(line)
    })
    if (values.json) terminal.print(asJson(lines))
  },
})
