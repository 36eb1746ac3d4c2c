/** What a plan says of the number of a tier's workers. */
export interface Scaling {
  /** How many it should have now, within its limits. */
  wanted: number
  /** How many its tenants and its load ask for, whatever the limits. */
  asked: number
  /** Workers with tenants. */
  busy: number
  /** Workers that are over their target. */
  hot: string[]
  /** One of them should lose a tenant, and no empty worker can be had for it. */
  isReliefStuck: boolean
  /** All spare workers are on one host; one more is to be elsewhere. */
  isLopsided: boolean
  /** Workers that go when they have been surplus for the tier's time; with tenants: these move. */
  surplus: string[]
  /** New workers broke before they were of use: no more are made. */
  broken: string[]
}
