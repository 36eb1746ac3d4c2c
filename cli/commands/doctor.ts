/** `doctor`: what is wrong with this installation, and what to do. */
import { defineCommand, gatewayOptions } from '../command.ts'
import { checkLines } from '../doctor/check.ts'
import { diagnose } from '../doctor/diagnosis.ts'
import { examine } from '../doctor/snapshot.ts'
import { CliError } from '../error.ts'
import { noArguments } from '../target.ts'
import { asJson } from '../terminal.ts'

export const doctor = defineCommand({
  name: 'doctor',
  arguments: '',
  summary: 'say what is wrong with this installation, and what to do',
  details: `A line for each thing looked at: ok, warn (somebody should see to it, for example a session that waits for its QR to
be scanned) or fail (the installation does not do its work). Ends with 1 when anything fails.`,
  examples: [
    ['doctor', 'all of it; in local mode nothing has to be said'],
    ['doctor --gateway https://berth.example.com', 'a cluster, with its gateway'],
    ['doctor --json', 'for a monitor'],
  ],
  options: { gateway: gatewayOptions.gateway },
  async run(call) {
    noArguments(call.args, 'doctor')
    const checks = diagnose(await examine(call))
    const failures = checks.filter(({ level }) => level === 'fail').length
    call.terminal.print(call.values.json ? asJson({ ok: failures === 0, checks }) : checkLines(checks))
    if (failures > 0) throw new CliError(`${failures} of ${checks.length} checks failed.`)
  },
})
