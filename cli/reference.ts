/** docs/cli.md: the help of all commands as one page. Pure; a test holds the file to it. */
import { type Command, commonOptions } from './command.ts'
import { EXIT_CODES, optionRows, type Row, usageOf, WHEREABOUTS } from './help.ts'
import { PROGRAM } from './program.ts'

const HEAD = `# The command line

<!-- Written by cli/reference.test.ts from the help: npx vitest run --project unit cli/reference.test.ts -u -->

\`${PROGRAM} COMMAND\`, for who runs Berth. It works on a local mode and on a cluster alike; \`${PROGRAM} help\`
says the same as this page. With \`--json\` every command prints JSON on the standard output, and nothing else there.`

export function referenceOf(commands: Command[]): string {
  const contents = commands.map(({ name, summary }): Row => [`[\`${name}\`](#${name.replaceAll(' ', '-')})`, summary])
  return [
    HEAD,
    table(['Command', ''], contents),
    '## Where things are',
    table(['What', 'Is found by'], WHEREABOUTS),
    '## It ends with',
    table(['Exit code', 'When'], EXIT_CODES),
    '## Every command takes',
    table(['Option', ''], codeRows(optionRows(commonOptions))),
    ...commands.map(commandPart),
  ].join('\n\n')
}

function commandPart(command: Command): string {
  const { name, summary, details, examples, options } = command
  const own = optionRows(options)
  const lines = examples.map(([words, about]) => `${PROGRAM} ${words}   # ${about}`)
  return [
    `## ${name}`,
    `${summary[0]!.toUpperCase()}${summary.slice(1)}.`,
    ['```sh', usageOf(command), '```'].join('\n'),
    // Lists in the details are indented, which Markdown would take for code.
    ...(details ? [details.replaceAll(/^ {2}/gm, '- ').replace(/:\n- /, ':\n\n- ')] : []),
    ['```sh', ...lines, '```'].join('\n'),
    ...(own.length > 0 ? [table(['Option', ''], codeRows(own))] : []),
  ].join('\n\n')
}

const codeRows = (rows: Row[]): Row[] => rows.map(([left, right]) => [`\`${left.trim()}\``, right])

const table = (headings: Row, rows: Row[]): string =>
  [headings, ['---', '---'], ...rows].map((cells) => `| ${cells.map(escapePipes).join(' | ')} |`).join('\n')

const escapePipes = (cell: string): string => cell.replaceAll('|', '\\|')
