/** The lazy chunk `intently-tokens.js`: fetched by shops that ask for tokens, and by nobody else. */

export { challengeOf, finalizeToken, requestToken } from './token';
