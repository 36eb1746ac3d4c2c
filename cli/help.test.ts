import { expect, test } from 'vitest'
import { parseCommandLine } from './arguments.ts'
import { commands } from './commands.ts'
import { helpOn } from './help.ts'

test('names every command, and every option of each', () => {
  const overview = helpOn([], commands)
  for (const { name, options } of commands) {
    expect(overview).toContain(`\n  ${name} `)
    const help = helpOn(name.split(' '), commands)
    for (const option of Object.keys(options)) expect(help).toContain(`--${option}`)
  }
})

test('help on a group is that on its commands', () => {
  for (const word of ['create', 'list', 'revoke']) expect(helpOn(['keys'], commands)).toContain(`keys ${word}: `)
  expect(() => helpOn(['nothing'], commands)).toThrow('There is no command "nothing".')
})

/** As a shell would take it apart. */
const words = (line: string) => [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!)

test.each(commands.flatMap(({ name, examples }) => examples.map(([line]) => [name, line] as const)))(
  '%s: its example "%s" is understood',
  (name, line) => {
    expect(parseCommandLine(words(line), commands)).toMatchObject({ action: 'run', command: { name } })
  },
)
