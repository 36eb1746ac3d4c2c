import { expect, it } from 'vitest'
import { cutRules } from './cut.ts'

it('drops what goes to an address and what comes from there', () => {
  expect(cutRules('10.1.2.3').map((rule) => rule.join(' '))).toEqual([
    '--append OUTPUT --destination 10.1.2.3 --jump DROP',
    '--append INPUT --source 10.1.2.3 --jump DROP',
  ])
})

it('drops only what belongs to a port, where one is named', () => {
  expect(cutRules('10.1.2.3:5432').map((rule) => rule.join(' '))).toEqual([
    '--append OUTPUT --destination 10.1.2.3 --protocol tcp --dport 5432 --jump DROP',
    '--append INPUT --source 10.1.2.3 --protocol tcp --sport 5432 --jump DROP',
  ])
})
