/**
 * A fleet's token store on Redis.
 *
 * @since 3.0.0
 */

/**
 * The token store on Redis.
 *
 * @since 3.0.0
 */
export * as RedisTokenStore from "./RedisTokenStore.js"
