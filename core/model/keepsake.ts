/** The ConfigMap in which the operator keeps what it knows of the database (core/ownership/database.ts). */

export const KEEPSAKE_NAME = 'berth-database'

/** In its data: the home that was found in a database of another installation. */
export const FOUND_KEY = 'found'

/** In its data: the same, when a person has said that this database is to go on here. */
export const ADOPT_KEY = 'adopt'
