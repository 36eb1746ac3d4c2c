import { expect, it } from 'vitest'
import { addressOf, overlap } from './ip.ts'

it('counts the addresses of a range, over the end of a byte too', () => {
  expect(addressOf('10.96.0.0/16', 1)).toBe('10.96.0.1')
  expect(addressOf('10.200.128.0/17', 10)).toBe('10.200.128.10')
  expect(addressOf('10.200.0.0/16', 128 * 256)).toBe('10.200.128.0')
  expect(addressOf('255.255.255.254/31', 1)).toBe('255.255.255.255')
})

it('ranges overlap when one address is in both', () => {
  expect(overlap('10.0.0.0/8', '10.200.0.0/16')).toBe(true)
  expect(overlap('10.200.3.7', '10.200.0.0/16')).toBe(true)
  expect(overlap('10.200.3.7/24', '10.200.3.128/25')).toBe(true)
  expect(overlap('10.200.0.0/16', '10.201.0.0/16')).toBe(false)
  expect(overlap('0.0.0.0/0', '192.0.2.1')).toBe(true)
})
