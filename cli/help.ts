/** Help that teaches: what there is, and what to type. Pure. */
import { commandAt, commandsOf } from './arguments.ts'
import { type Command, commonOptions, type Options } from './command.ts'
import { UsageError } from './error.ts'
import { PROGRAM } from './program.ts'

/** Help on a command, on a group of them, or on everything. Throws UsageError. */
export function helpOn(topic: string[], commands: Command[]): string {
  if (topic.length === 0) return overview(commands)
  const command = commandAt(topic, commands)
  if (command) return commandHelp(command)
  const group = commandsOf(topic[0], commands)
  if (group.length > 0) return group.map(commandHelp).join('\n\n\n')
  throw new UsageError(`There is no command "${topic.join(' ')}".`)
}

function overview(commands: Command[]): string {
  return [
    'Berth from the command line: the same resources that kubectl shows, and the API keys of tenants.',
    section('Commands', [
      ...commands.map(({ name, summary }): Row => [name, summary]),
      ['help [COMMAND]', 'all about a command, with examples'],
    ]),
    section('To begin with', [
      [`${PROGRAM} apply -f examples/quickstart.yaml`, 'a customer and a session'],
      [`${PROGRAM} get wa -w`, 'watch it being placed on a worker'],
      [`${PROGRAM} describe wa support`, 'why is it not connected?'],
    ]),
    section('Every command takes', optionRows(commonOptions)),
    `The cluster is that of --kubeconfig, else of $KUBECONFIG, else of this clone's npm start, else of ~/.kube/config.
The database (for keys) is that of $DATABASE_URL, else the one that the installation's workers use.
It ends with 0 when all went well, 1 when something failed, 2 when the command was not understood.`,
  ].join('\n\n')
}

function commandHelp({ name, arguments: words, summary, details, examples, options }: Command): string {
  return [
    `${name}: ${summary}`,
    `  ${PROGRAM} ${name} ${words} [options]`,
    ...(details ? [details] : []),
    section(
      'Examples',
      examples.map(([command, about]) => [`${PROGRAM} ${command}`, about]),
    ),
    section('Options', optionRows({ ...options, ...commonOptions })),
  ].join('\n\n')
}

type Row = [string, string]

function section(title: string, rows: Row[]): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return [title, ...rows.map(([left, right]) => `  ${left.padEnd(width)}   ${right}`)].join('\n')
}

const optionRows = (options: Options): Row[] =>
  Object.entries(options).map(([name, { short, value, about }]) => [
    `${short ? `-${short}, ` : '    '}--${name}${value ? ` ${value}` : ''}`,
    about,
  ])
