import { expect, test } from 'vitest'
import { jsonPathValues } from './jsonpath.ts'

const object = {
  metadata: { annotations: { 'berth.dev/x': 'y' } },
  spec: { list: [{ n: 1 }, { n: 2 }] },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Placed', status: 'False' },
    ],
  },
}

test.each([
  ['.spec.list[*].n', [1, 2]],
  ['.spec.list[1].n', [2]],
  ['.spec.list[-1].n', [2]],
  ['.status.conditions[?(@.type=="Ready")].status', ['True']],
  ['.status.conditions[?(@.type!="Ready")].status', ['False']],
  [".status.conditions[?(@.type=='Nope')].status", []],
  ['.metadata.annotations.berth\\.dev/x', ['y']],
  [".metadata.annotations['berth.dev/x']", ['y']],
  ['{.spec.list[0].n}', [1]],
  ['.none.at.all', []],
])('%s', (path, expected) => {
  expect(jsonPathValues(object, path)).toEqual(expected)
})
