/** One of a list that is most likely not a special case. */
export const middle = <T>(list: T[]): T | undefined => list[Math.floor(list.length / 2)]
