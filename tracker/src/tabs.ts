/**
 * One session over the tabs of a shop, by BroadcastChannel: a tab tells its state after each change, and the others merge it.
 *
 * One tab owns the session: the last in which the shopper acted, or that was shown or hidden. The owner answers a tab that opens at
 * once; the others a little later, as the owner may be gone, or not know what they know. Tabs are known to each other by a number drawn for this page alone, never stored.
 */

import { ANSWER_MS } from './limits';
import { attempt, type Session } from './session';
import { merge } from './state';
import { decodeState, encodeState } from './stored';

export type ChannelLike = Pick<BroadcastChannel, 'postMessage' | 'close' | 'onmessage'>;

export interface Tabs {
  /** Whether this tab owns the session that the shop's tabs share. */
  readonly owns: boolean;
  /** Join, and ask what the others hold. */
  open(): void;
  /** Leave: for good, or into the back/forward cache, where an open channel would keep the page out. */
  close(): void;
  /** The shopper acts here. */
  claim(): void;
  /** Tell the others what this tab holds, as text. */
  tell(text: string): void;
}

/** Who owns, as the sender knows it (the higher pair does); its state as text; whether it asks for ours. */
type Message = readonly [claims: number, tab: number, state: string, asks?: boolean];

/** `tab`: a number that no other open tab has. */
export const tabsOn =
  (make: () => ChannelLike | null, tab: number) =>
  (session: Session, onTaken: () => void): Tabs => {
    let channel: ChannelLike | null | undefined;
    let claims = 0;
    let owner = tab;
    let answering: ReturnType<typeof setTimeout> | undefined;

    const claim = (): void => {
      if (owner === tab && claims) return;
      claims++;
      owner = tab;
    };
    const tell = (text = encodeState(session.state), asks = false): void => {
      attempt(() => channel?.postMessage([claims, owner, text, asks]));
    };
    const answer = (): void => {
      answering = undefined;
      tell();
    };
    const heard = ([theirClaims, theirOwner, text, asks]: Message): void => {
      const theirs = decodeState(text);
      if (!theirs) return;
      if (theirClaims > claims || (theirClaims === claims && theirOwner > owner)) {
        claims = theirClaims;
        owner = theirOwner;
      }
      if (asks) answering ??= setTimeout(answer, owner === tab ? 0 : ANSWER_MS);
      session.replace(merge(session.state, theirs));
      onTaken();
    };
    return {
      get owns() {
        return owner === tab;
      },
      open() {
        if (channel) return;
        channel = attempt(make);
        if (channel) channel.onmessage = ({ data }) => attempt(() => heard(data));
        tell(undefined, true);
      },
      close() {
        clearTimeout(answering);
        answering = undefined;
        channel?.close();
        channel = null;
      },
      claim,
      tell(text) {
        claim();
        tell(text);
      },
    };
  };
