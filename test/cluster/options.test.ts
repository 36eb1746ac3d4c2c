import { expect, it } from 'vitest'
import { UsageError } from '../chaos/options.ts'
import { parseOptions } from './options.ts'
import { STEPS } from './steps/all.ts'

it('does every step, or those that are named, and says what to type instead of wrong ones', () => {
  expect(parseOptions([])).toMatchObject({ steps: STEPS, sessions: 10, keep: false })
  const some = parseOptions(['--steps', 'upgrade,kill', '--keep'])
  expect(some).toMatchObject({ steps: [{ name: 'upgrade' }, { name: 'kill' }], keep: true })
  expect(parseOptions(['--help'])).toBe('help')
  for (const wrong of [['--sessions', '2'], ['--sessions', 'x'], ['--steps', 'sneeze'], ['--sneeze']]) {
    expect(() => parseOptions(wrong)).toThrow(UsageError)
  }
})

it('no two steps have the same name, which tells them apart in the table', () => {
  expect(new Set(STEPS.map(({ name }) => name)).size).toBe(STEPS.length)
})
