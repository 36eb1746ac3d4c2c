import { describe, expect, test } from 'vitest'
import { MINIMAL, minimalWith, render, type ValuesFile } from './chart.ts'

describe('values that are wrong get a sentence', () => {
  test.each<[string, object, ValuesFile[], RegExp]>([
    [
      'no database',
      {},
      [],
      /Berth needs a Postgres and three secrets.*--set secrets\.existingSecret=berth-worker.*values-trial\.yaml/s,
    ],
    ['two databases', MINIMAL, ['values-trial.yaml'], /secrets\.existingSecret and postgres\.enabled are both set/],
    [
      'two WhatsApps',
      { whatsapp: { url: 'ws://a/b' } },
      ['values-trial.yaml'],
      /simulator\.enabled and whatsapp\.url are both set/,
    ],
    [
      'two places for files',
      minimalWith({ media: { url: 's3://files', volume: { enabled: true } } }),
      [],
      /media\.url and media\.volume\.enabled are both set/,
    ],
    [
      'endpoints that may be nowhere',
      minimalWith({ webhooks: { targets: 'nowhere' } }),
      [],
      /\/webhooks\/targets.*must be one of/,
    ],
    ['a name that there is not', minimalWith({ gateway: { replica: 3 } }), [], /\/gateway.*'replica' not allowed/],
    [
      'a field of a tier that there is not',
      minimalWith({ tiers: { pro: { workers: { spares: 1 } } } }),
      [],
      /\/tiers\/pro\/workers.*'spares' not allowed/,
    ],
    [
      'a price that is none',
      minimalWith({ tiers: { pro: { price: { amount: 'free' } } } }),
      [],
      /\/tiers\/pro\/price\/amount.*pattern/,
    ],
    [
      'a tier that lacks something',
      minimalWith({ tiers: { free: { displayName: 'FREE' } } }),
      [],
      /\/tiers\/free.*missing/,
    ],
    ['a log level that there is not', minimalWith({ logLevel: 'loud' }), [], /\/logLevel.*must be one of/],
    [
      'an address that is none',
      minimalWith({ gateway: { publicUrl: 'api.example.com' } }),
      [],
      /\/gateway\/publicUrl.*pattern/,
    ],
    ['a route to nowhere', minimalWith({ gateway: { httpRoute: { enabled: true } } }), [], /httpRoute\.parentRefs/],
  ])('%s', async (_name, values, files, sentence) => {
    await expect(render(values, files)).rejects.toThrow(sentence)
  })
})
