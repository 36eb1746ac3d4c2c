/** How a driver's values become bytes. The store itself never looks into a value. */
export interface Codec {
  encode(type: string, value: unknown): Buffer
  decode(type: string, bytes: Buffer): unknown
  /** About how many bytes a value of this type takes on the heap. */
  cost(type: string): number
}
