/**
 * Who may act for a session: the whole of it, as a state machine. Pure. The functions of Postgres are its counterpart, one
 * for one (migrations 0002, 0003, 0007 and 0019); test/postgres/machine.test.ts drives both through random histories.
 *
 * Read it as the life of two things.
 *
 * **A boot's lease: open → ended, or open → revoked.** Both ends are final; a process that wants to go on is a new boot.
 *
 * - *open*, by the process itself, before it claims anything. Boots are numbered as they open, so that of two boots of one
 *   pod it is known which is the newer: the kubelet starts a container only after the one before it has ended.
 * - *renew*, by the boot's lease thread, each second. It says "I live" and nothing else: no right grows or fades with
 *   time, so no clock has to be right. A refused renewal is how a boot learns that it was revoked; it then closes its
 *   sockets and exits. (Out of courtesy to whoever may follow, it starts nothing new after 3 s without one: lease.ts.)
 * - *end*, by the process itself, as its last act.
 * - *revoke*, by the operator, on proof of death (death.ts) or a lease that stood still (lease.ts), and only while the
 *   counter stands where the judgement saw it. So an operator that slept over its judgement revokes nobody who is
 *   alive; and had it done so, that would be a move and no more: the boot is fenced before anybody else can claim.
 *
 * **A session's claim: free → held → free → held …** Each hold is an *epoch*, one more than the last. Whoever wants to
 * write shows boot and epoch; nothing else is asked, and nothing else is believed.
 *
 * - *claim*, by a boot whose lease is open, under the *generation* of the placement that it saw. It succeeds when the
 *   session is free, or is held by an older boot of the same pod, which is dead (a container that came back asks nobody) or
 *   by the boot itself (which has lost count). It never succeeds against another living holder: that one has a socket open,
 *   and only it or its end can close it. The generation must not be older than any claim or wish before, so that a
 *   worker with yesterday's placements can't take back what has moved on.
 * - *left behind* is what a boot finds held by earlier boots of its pod. Until Kubernetes has answered, it claims these under
 *   the generation of the claim that stands; a session that somebody else wishes for is refused, as above.
 * - *wish*: a claim that is refused for nothing but a living holder leaves its generation behind. The holder looks for such
 *   wishes each second and releases, as if it had seen the placement itself: that is how a session is handed over
 *   while Kubernetes can't be asked. A wish takes nothing. If who wished dies, the session is free, and the next
 *   placement goes above the wish (generation.ts). If the holder dies and comes back before it has let go, its new boot's
 *   claim is below the wish and refused, but shows that the old boot is dead: the session is free for who wished.
 * - *release*, by the holder, after its socket is closed and its last write is durable. What it holds without knowing, as a claim
 *   landed when nobody waited for the answer any more, it releases, too: now and then it asks what it holds.
 * - The end of a lease, either way, releases all that the boot holds, in the same commit. From then on its writes are
 *   refused, though nobody has claimed yet: a revoked boot never writes again.
 *
 * **The database: trusted → in doubt → trusted …** (database.ts says when and why.) In doubt nothing is claimed and nothing
 * wished for; all else goes on.
 *
 * - *vouch*, by an open boot: all its commits are there. A new doubt makes that void.
 * - *confirm*, by the operator: nothing is missing.
 * - *repair*, by the operator: something is. Open boots that have not vouched are revoked. What is held then, and proven by its
 *   placement, stays held; every other session is free, *distrusted*, and its epoch at least the floor of the new
 *   incarnation, above all that was ever given.
 * - *trust*, by the holder of a distrusted session, when it has renewed what the lost history may have used up.
 *
 * From this it follows that at most one boot may write for a session, that epoch and generation never fall, and that
 * whatever a process believes (paused, cut off, restored, deposed) costs it a refusal and nobody else anything.
 */
import { isClaimable } from './generation.ts'

export interface Boot {
  podUID: string
  /** Raised by each renewal. */
  renewals: number
  end?: 'ended' | 'revoked'
  /** For the present doubt. */
  vouched?: boolean
}

export interface Owner {
  /** Of the last claim; 0: never claimed. */
  generation: number
  /** The highest generation under which a claim had to wait; 0: never. */
  wanted: number
  epoch: number
  /** Of the last claim. */
  podUID?: string
  /** The boot that holds the session; undefined: it is free. */
  holder?: string
  distrusted?: boolean
}

export interface World {
  /** By boot id, in the order in which they opened. */
  boots: ReadonlyMap<string, Boot>
  /** By session id. */
  owners: ReadonlyMap<string, Owner>
  inDoubt?: boolean
}

/** What became of the world, and what the caller is told. */
export type Step<Answer> = [World, Answer]

export const unclaimed: Owner = { generation: 0, wanted: 0, epoch: 0 }

/** A boot announces itself; again changes nothing. */
export function open(world: World, bootId: string, podUID: string): World {
  return world.boots.has(bootId) ? world : withBoot(world, bootId, { podUID, renewals: 0 })
}

/** False: the boot was revoked or has ended, and has to stop at once. */
export function renew(world: World, bootId: string): Step<boolean> {
  const boot = openBoot(world, bootId)
  return boot ? [withBoot(world, bootId, { ...boot, renewals: boot.renewals + 1 }), true] : [world, false]
}

export function end(world: World, bootId: string): World {
  const boot = openBoot(world, bootId)
  return boot ? releaseAll(withBoot(world, bootId, { ...boot, end: 'ended' }), bootId) : world
}

/** `seen`: the counter that the judgement was made on. False: the boot has renewed since, or is over already. */
export function revoke(world: World, bootId: string, seen: number): Step<boolean> {
  const boot = openBoot(world, bootId)
  if (!boot || boot.renewals !== seen) return [world, false]
  return [releaseAll(withBoot(world, bootId, { ...boot, end: 'revoked' }), bootId), true]
}

/** The new epoch; undefined: refused, and wished for if a living holder is the only reason. */
export function claim(
  world: World,
  bootId: string,
  sessionId: string,
  generation: number,
): Step<{ epoch: number } | undefined> {
  const boot = openBoot(world, bootId)
  const owner = world.owners.get(sessionId)
  if (!boot || !owner || world.inDoubt) return [world, undefined]
  if (!isClaimable({ podUID: boot.podUID, generation }, owner)) {
    const isLeft = generation < owner.wanted && isOlderBoot(world, owner.holder, bootId)
    return [isLeft ? withOwner(world, sessionId, freed(owner)) : world, undefined]
  }
  if (!isFreeFor(world, owner, bootId)) {
    const wish = generation > owner.generation && generation > owner.wanted
    return [wish ? withOwner(world, sessionId, { ...owner, wanted: generation }) : world, undefined]
  }
  const epoch = owner.epoch + 1
  const claimed = { ...owner, generation, epoch, podUID: boot.podUID, holder: bootId }
  return [withOwner(world, sessionId, claimed), { epoch }]
}

/** False: it was not this boot's any more. */
export function release(world: World, bootId: string, sessionId: string, epoch: number): Step<boolean> {
  if (!mayWrite(world, bootId, sessionId, epoch)) return [world, false]
  return [withOwner(world, sessionId, freed(world.owners.get(sessionId)!)), true]
}

/** The fence. Postgres asks it inside each durable write, with the owner row locked against claims. */
export function mayWrite(world: World, bootId: string, sessionId: string, epoch: number): boolean {
  const owner = world.owners.get(sessionId)
  return owner?.holder === bootId && owner.epoch === epoch
}

/** What earlier boots of the same pod hold, as they claimed it: their process is dead, since this one runs. */
export const leftBehind = (world: World, bootId: string): { sessionId: string; generation: number }[] =>
  [...world.owners].flatMap(([sessionId, { holder, generation }]) =>
    isOlderBoot(world, holder, bootId) ? [{ sessionId, generation }] : [],
  )

/** All that a boot holds, also what it was granted when it waited for the answer no more. */
export const heldClaims = (world: World, bootId: string): { sessionId: string; epoch: number }[] =>
  [...world.owners].flatMap(([sessionId, { holder, epoch }]) => (holder === bootId ? [{ sessionId, epoch }] : []))

/** The sessions of a boot that another one waits for. */
export const wantedElsewhere = (world: World, bootId: string): string[] =>
  [...world.owners].flatMap(([id, { holder, wanted, generation }]) =>
    holder === bootId && wanted > generation ? [id] : [],
  )

/** From now on nobody claims; who vouched for the doubt before has not vouched for this one. */
export const doubt = ({ boots, owners }: World): World => ({
  boots: new Map([...boots].map(([id, { vouched: _, ...boot }]) => [id, boot])),
  owners,
  inDoubt: true,
})

/** False: it was not asked, or not in time. */
export function vouch(world: World, bootId: string): Step<boolean> {
  const boot = openBoot(world, bootId)
  return boot && world.inDoubt ? [withBoot(world, bootId, { ...boot, vouched: true }), true] : [world, false]
}

export const confirm = (world: World): World => ({ ...world, inDoubt: false })

/** `proven`: the sessions whose placement shows that nobody else can have had them since they were claimed. */
export function repair(world: World, epochFloor: number, proven: ReadonlySet<string>): World {
  let next = confirm(world)
  for (const [id, boot] of world.boots) {
    if (!boot.end && !boot.vouched) next = releaseAll(withBoot(next, id, { ...boot, end: 'revoked' }), id)
  }
  const owners = [...next.owners].map(([id, owner]): [string, Owner] => {
    const isKept = owner.holder !== undefined && proven.has(id)
    return [id, isKept ? owner : { ...freed(owner), epoch: Math.max(owner.epoch, epochFloor), distrusted: true }]
  })
  return { ...next, owners: new Map(owners) }
}

/** Of a claim that does not stand any more it changes nothing. */
export function trust(world: World, bootId: string, sessionId: string, epoch: number): World {
  if (!mayWrite(world, bootId, sessionId, epoch)) return world
  return withOwner(world, sessionId, { ...world.owners.get(sessionId)!, distrusted: false })
}

const isFreeFor = (world: World, { holder }: Owner, bootId: string): boolean =>
  holder === undefined || holder === bootId || isOlderBoot(world, holder, bootId)

/** Of the same pod: then it is dead. */
function isOlderBoot({ boots }: World, holder: string | undefined, bootId: string): boolean {
  if (holder === undefined || boots.get(holder)?.podUID !== boots.get(bootId)?.podUID) return false
  const order = [...boots.keys()]
  return order.indexOf(holder) < order.indexOf(bootId)
}

function openBoot({ boots }: World, bootId: string): Boot | undefined {
  const boot = boots.get(bootId)
  return boot?.end ? undefined : boot
}

const freed = ({ holder: _, ...owner }: Owner): Owner => owner

const withBoot = (world: World, id: string, boot: Boot): World => ({
  ...world,
  boots: new Map(world.boots).set(id, boot),
})

const withOwner = (world: World, id: string, owner: Owner): World => ({
  ...world,
  owners: new Map(world.owners).set(id, owner),
})

const releaseAll = (world: World, bootId: string): World => ({
  ...world,
  owners: new Map([...world.owners].map(([id, owner]) => [id, owner.holder === bootId ? freed(owner) : owner])),
})
