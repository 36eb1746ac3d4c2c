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

/** What a command works on, and how it is found. */
export const WHEREABOUTS: Row[] = [
  ['cluster', "--kubeconfig, else $KUBECONFIG, else this clone's npm start, else a pod's own, else ~/.kube/config"],
  ['database', "$DATABASE_URL, else the one of the installation's workers (keys, explain, doctor)"],
  ['gateway', '--gateway, else $BERTH_GATEWAY, else the one of npm start (sessions, send, doctor)'],
  ['API key', '--key, else $BERTH_API_KEY, else one that is made for the call and revoked after it'],
]

export const EXIT_CODES: Row[] = [
  ['0', 'all went well'],
  ['1', 'something failed, and the error output says what; also: a check of doctor failed'],
  ['2', 'the command was not understood'],
  ['130', 'Ctrl-C, of a command that watches or waits'],
]

function overview(commands: Command[]): string {
  return [
    'Berth from the command line, for who runs it: tenants, their sessions and keys, the workers, and what is wrong.',
    section('Commands', [
      ...commands.map(({ name, summary }): Row => [name, summary]),
      ['help [COMMAND]', 'all about a command, with examples'],
    ]),
    section('To begin with', [
      [`${PROGRAM} apply -f examples/quickstart.yaml`, 'a customer and a session'],
      [`${PROGRAM} sessions link support`, 'link a phone: draws the QR code here'],
      [`${PROGRAM} send support +5511911111111 "Hello" --wait`, 'send a message'],
      [`${PROGRAM} explain session support`, 'why is it where it is, and not connected?'],
      [`${PROGRAM} doctor`, 'what is wrong with this installation?'],
    ]),
    section('Every command takes', optionRows(commonOptions)),
    section('Where things are', WHEREABOUTS),
    section('It ends with', EXIT_CODES),
  ].join('\n\n')
}

/** What to type, in general. */
export const usageOf = ({ name, arguments: words }: Pick<Command, 'name' | 'arguments'>): string =>
  [PROGRAM, name, words, '[options]'].filter(Boolean).join(' ')

function commandHelp({ name, arguments: words, summary, details, examples, options }: Command): string {
  return [
    `${name}: ${summary}`,
    `  ${usageOf({ name, arguments: words })}`,
    ...(details ? [details] : []),
    section(
      'Examples',
      examples.map(([command, about]) => [`${PROGRAM} ${command}`, about]),
    ),
    section('Options', optionRows({ ...options, ...commonOptions })),
  ].join('\n\n')
}

export type Row = [left: string, right: string]

function section(title: string, rows: Row[]): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return [title, ...rows.map(([left, right]) => `  ${left.padEnd(width)}   ${right}`)].join('\n')
}

export const optionRows = (options: Options): Row[] =>
  Object.entries(options).map(([name, { short, value, about }]) => [
    `${short ? `-${short}, ` : '    '}--${name}${value ? ` ${value}` : ''}`,
    about,
  ])
