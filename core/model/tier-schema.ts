/** What a tier is, as the JSON schema that is part of the chart's values.schema.json: Helm refuses what the API would. */

import { z } from 'zod'
import { TierSpec } from './tier.ts'

type Schema = Record<string, unknown>

/** A CEL rule that only asks for a pattern; JSON schema knows no other. */
const PATTERN_RULE = /^self\.matches\('(.+)'\)$/

/** As zod's JSON schema of what people write: unknown fields refused, our own rules as far as they can be said. */
export const tierSchema = (): Schema =>
  strict(z.toJSONSchema(TierSpec, { target: 'draft-2020-12', io: 'input' }) as Schema)

function strict({ $schema: _, 'x-kubernetes-validations': rules, default: __, ...schema }: Schema): Schema {
  const patterns = ((rules as { rule: string }[] | undefined) ?? []).flatMap(
    ({ rule }) => PATTERN_RULE.exec(rule)?.[1] ?? [],
  )
  const [pattern] = patterns
  const properties = schema.properties as Record<string, Schema> | undefined
  return {
    ...schema,
    ...(pattern ? { pattern } : {}),
    ...(properties
      ? {
          properties: Object.fromEntries(Object.entries(properties).map(([name, child]) => [name, strict(child)])),
          additionalProperties: false,
        }
      : {}),
  }
}
