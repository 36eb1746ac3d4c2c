import { expect, test } from 'vitest'
import { parseOptions, UsageError } from './options.ts'

test('where the demo is played is said at most once', () => {
  expect(parseOptions(['--running', '--json'])).toEqual({ json: true, keep: false, where: 'running' })
  expect(parseOptions(['--temporary'])).toMatchObject({ where: 'temporary' })
  expect(parseOptions([])).not.toHaveProperty('where')
  expect(parseOptions(['--help'])).toBe('help')
  expect(() => parseOptions(['--running', '--temporary'])).toThrow(UsageError)
  expect(() => parseOptions(['--forever'])).toThrow(/--help/)
})
