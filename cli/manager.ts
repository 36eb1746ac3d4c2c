/** Owns the fields that are written from here, in the words of server-side apply. */
export const MANAGER = 'berth-cli'
