import { expect, it } from 'vitest'
import { parseOptions, UsageError } from './options.ts'

it('reads what npm start is given', () => {
  expect(parseOptions([])).toEqual({ help: false, reset: false, yes: false, whatsapp: 'simulator' })
  expect(parseOptions(['--whatsapp=real', '--port', '9000'])).toMatchObject({ whatsapp: 'real', port: 9000 })
  expect(parseOptions(['--reset', '--yes'])).toMatchObject({ reset: true, yes: true })
})

it.each([['--whatsapp=maybe'], ['--port=0'], ['--port=x'], ['--prot=1'], ['word']])('refuses %s', (argument) => {
  expect(() => parseOptions([argument])).toThrow(UsageError)
})
