/** What several managers have applied, put together: conditions by their type, every other field as one manager has it. */
import type { Condition } from '@berth/core/model/meta.ts'

export function apply(parts: readonly object[]): Record<string, unknown> {
  const whole: Record<string, unknown> = {}
  const conditions = new Map<string, Condition>()
  for (const part of parts) {
    for (const [field, value] of Object.entries(part)) {
      if (field !== 'conditions') whole[field] = value
      else for (const condition of value as Condition[]) conditions.set(condition.type, condition)
    }
  }
  return conditions.size > 0 ? { ...whole, conditions: [...conditions.values()] } : whole
}
