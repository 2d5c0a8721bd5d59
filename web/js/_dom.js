// @ts-check
/* The two look-ups that every module needs. */

/** The first element of a kind, typed; null when there is none.
 * @template {HTMLElement} T
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {T | null} */
export const one = (selector, root = document) => /** @type {T | null} */ (root.querySelector(selector));

/** @template {HTMLElement} T
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {T[]} */
export const all = (selector, root = document) => /** @type {T[]} */ ([...root.querySelectorAll(selector)]);
