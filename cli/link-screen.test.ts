import { expect, test } from 'vitest'
import { eraseLines, LinkScreen, pictureOf } from './link-screen.ts'
import type { Terminal } from './terminal.ts'

/** Two lines high and four columns wide, with the text that it stands for. */
const CODE = '    \n ██ \n\n2@secret\n'

function screenOn(more: Partial<Terminal>) {
  const printed: string[] = []
  const terminal: Terminal = {
    print: (text) => void printed.push(text),
    note: () => {},
    readInput: async () => '',
    isInteractive: true,
    columns: 80,
    ...more,
  }
  return { screen: new LinkScreen(terminal), printed }
}

test('the picture comes without the text below it, its lines as wide as the widest', () => {
  expect(pictureOf(CODE)).toEqual(['    ', ' ██ '])
  expect(pictureOf('██\n█\n\ntext')).toEqual(['██', '█ '])
})

test('a new code takes the place of the old one, and a word that of the code', () => {
  const { screen, printed } = screenOn({})
  screen.showCode(CODE, 20)
  expect(printed[0]!.split('\n')).toHaveLength(4)
  expect(printed[0]).not.toContain('secret')
  screen.showCode(CODE, 60)
  expect(printed[1]).toMatch(new RegExp(`^${eraseLines(4).replaceAll('[', '\\[')}`))
  expect(printed[1]).toContain('60 s')
  screen.say('Scanned.')
  screen.say('Scanned.')
  expect(printed.slice(2)).toEqual([`${eraseLines(4)}\u001b[1A`, 'Scanned.'])
})

test('a code to type is told with the phone that it is for, and gone when it was typed', () => {
  const { screen, printed } = screenOn({})
  screen.showPairingCode('ABCD-EFGH', '+5511999990001', 150)
  expect(printed[0]).toMatch(/ABCD-EFGH\n\nType it on the phone \+5511999990001: .*\n.*\nValid for 150 s/)
  screen.say('Scanned.')
  expect(printed[1]).toBe(`${eraseLines(6)}\u001b[1A`)
})

test('what is not a terminal gets plain text, one code below the other', () => {
  const { screen, printed } = screenOn({ isInteractive: false, columns: undefined })
  screen.showCode(CODE, 20)
  screen.showCode(CODE, 20)
  screen.say('Scanned.')
  expect(printed.join('')).not.toContain('\u001b')
  expect(printed).toHaveLength(3)
})

test('a window that is too narrow is told so, and nothing is erased that was counted wrong', () => {
  const { screen, printed } = screenOn({ columns: 3 })
  screen.showCode(CODE, 20)
  expect(printed[0]).toContain('Make this window 4 columns wide.')
  screen.say('Scanned.')
  expect(printed[1]).toBe('Scanned.')
})
