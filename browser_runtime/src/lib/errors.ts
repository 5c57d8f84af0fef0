/**
 * Errors inside the runtime; none reaches the page, their sentences become notes of the status.
 *
 * IntentlyError
 * ├── UpdateRefused      a signed file that must not be used
 * ├── FeaturesRefused    a feature spec or event that this bundle does not know
 * ├── ReportsRefused     a configuration beyond this bundle's limits
 * ├── TokenRefused       an answer of the token issuer that is no token
 * ├── TransferRefused    a session from another device that must not be taken in
 * └── ScorerFailed       the model cannot be loaded or run
 */
export class IntentlyError extends Error {}

export class UpdateRefused extends IntentlyError {}
export class FeaturesRefused extends IntentlyError {}
export class ReportsRefused extends IntentlyError {}
export class TokenRefused extends IntentlyError {}
export class TransferRefused extends IntentlyError {}
export class ScorerFailed extends IntentlyError {}

/** One sentence of any fault. */
export function sentenceOf(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}
