/** `act` once for all that happened in this turn of the event loop; `flagged`: whether one of the calls said so. */
export function onceATurn(act: (flagged: boolean) => void): (flag?: boolean) => void {
  let queued = false;
  let flagged = false;
  return (flag = false) => {
    flagged ||= flag;
    if (queued) return;
    queued = true;
    queueMicrotask(() => {
      const was = flagged;
      queued = flagged = false;
      act(was);
    });
  };
}
