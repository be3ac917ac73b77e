/**
 * A token store on SQL.
 *
 * @since 0.1.0
 */

/**
 * The token store on `@effect/sql`.
 *
 * @since 0.1.0
 */
export * as SqlTokenStore from "./SqlTokenStore.js"
