import { expect, test } from 'vitest'
import { type Paint, viewLines } from './view.ts'

const plain: Paint = { good: (text) => text, bad: (text) => text, dim: (text) => text }
const counts = { sent: 3, delivered: 2, written: 5, received: 4 }

test('sessions stand beside the worker that holds them, the connected ones apart from the others', () => {
  const places = [
    { session: 'hotel/spa', worker: 'max-1', isConnected: true },
    { session: 'bakery/orders', worker: 'basic-12', isConnected: false },
    { session: 'hotel/rooms', worker: 'max-1', isConnected: false },
    { session: 'clinic/lab', worker: undefined, isConnected: false },
  ]
  expect(viewLines(places, counts, plain)).toEqual([
    '  (no worker)   ○ clinic/lab',
    '  basic-12      ○ bakery/orders',
    '  max-1         ● hotel/spa  ○ hotel/rooms',
    '  sent 3, delivered 2   written by contacts 5, received 4',
  ])
})
