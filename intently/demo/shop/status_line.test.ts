import { describe, expect, it } from 'vitest';
import type { ReportView } from '../../../browser_runtime/src/index';
import { nextReport, secondsLeft } from './status_line';

const report = (state: ReportView['state'], at_ms: number) => ({ state, at_ms }) as ReportView;

describe('secondsLeft', () => {
  it('counts down to the next epoch and never says 0', () => {
    expect(secondsLeft(40_000, 20)).toBe(20);
    expect(secondsLeft(59_999, 20)).toBe(1);
    expect(secondsLeft(50_000, 20)).toBe(10);
  });
});

describe('nextReport', () => {
  it('is the drawn moment while it lies ahead', () => {
    expect(nextReport(41_000, 20, [report('waiting', 44_500)])).toBe('in 4 s');
  });
  it('is the next epoch once this epoch is served', () => {
    expect(nextReport(45_000, 20, [report('waiting', 44_500)])).toBe('in 15 s');
    expect(nextReport(45_000, 20, [report('sent', 49_000)])).toBe('in 15 s');
  });
  it('speaks of minutes for a real shop and of nothing where nothing is configured', () => {
    expect(nextReport(0, 21_600, [])).toBe('in 360 min');
    expect(nextReport(0, 0, [])).toBe('—');
  });
});
