/** The kinds that people ask for, and the names they may use for them. */
import { definitions } from '@berth/core/model/crds.ts'
import { EventKind, type Kind, LeaseKind, PodKind, SessionKind } from '@berth/core/model/kind.ts'
import { UsageError } from './error.ts'

export interface NamedKind {
  kind: Kind
  /** As in `tenant/demo`. */
  singular: string
  /** Other names. */
  aliases: string[]
}

/** Berth's own, in the order in which they build on one another. */
const own: NamedKind[] = definitions.map(({ kind, singular, shortNames }) => ({
  kind,
  singular,
  aliases: kind === SessionKind ? [...shortNames, 'sessions', 'session'] : shortNames,
}))

const named: NamedKind[] = [
  ...own,
  { kind: PodKind, singular: 'pod', aliases: ['po'] },
  { kind: EventKind, singular: 'event', aliases: ['ev'] },
  { kind: LeaseKind, singular: 'lease', aliases: [] },
]

const ALL = ['all', 'berth']

/** For the help: `tenants (ten)`, `whatsappsessions (wa, sessions, session)`, … */
export const kindNames = (): string[] => [
  ...named.map(({ kind, aliases }) => (aliases.length > 0 ? `${kind.plural} (${aliases.join(', ')})` : kind.plural)),
  `${ALL.join(' or ')}: everything of Berth's own`,
]

/** What a name stands for: `ten`, `tenants`, `Tenant`, `tenants.berth.dev`; `all`; several with commas. Throws UsageError. */
export const kindsByName = (text: string, command: string): NamedKind[] =>
  text.split(',').flatMap((part) => {
    const name = part.trim().toLowerCase()
    if (ALL.includes(name)) return own
    const found = named.find((candidate) => namesOf(candidate).includes(name))
    if (found) return [found]
    throw new UsageError(`There is no kind "${part}". Kinds: ${kindNames().join('; ')}.`, command)
  })

const namesOf = ({ kind, singular, aliases }: NamedKind): string[] => {
  const names = [kind.plural, singular]
  const full = kind.group ? names.map((name) => `${name}.${kind.group}`) : []
  return [...names, ...aliases, ...full]
}
