import {
  type GroupMember,
  type JudgedMember,
  type RolloutCounts,
  rolloutCounts,
} from '@mgrpo/algorithm';
import { runConfigSchema } from '@mgrpo/config';
import { z } from 'zod';

/** What became of a rollout when it was recorded. */
export type Outcome = 'votes-and-trains' | 'votes' | 'trains' | DropReason;
type DropReason = 'low-entropy' | 'no-answer' | 'no-label';

/** One group as it was sampled and judged. */
export interface RecordedGroup {
  /** Counted from 0. */
  readonly iteration: number;
  /** Position in the iteration. */
  readonly prompt: number;
  /** Canonical; null where it is not known. */
  readonly gold: string | null;
  /** Policy rollouts by index, then momentum rollouts by index. */
  readonly members: readonly GroupMember[];
  /** The label it was given; null: none. */
  readonly label: string | null;
  /** Of each member. */
  readonly outcomes: readonly Outcome[];
}

const headerSchema = z.strictObject({
  kind: z.literal('groups'),
  formatVersion: z.literal(1),
  title: z.string(),
  algorithm: runConfigSchema.shape.algorithm,
});

/** First line of a recorded stream: whose groups follow, and the options they were judged with. */
export type GroupsHeader = z.output<typeof headerSchema>;

/** A run's groups in the order they were trained on. */
export interface RecordedStream extends Pick<GroupsHeader, 'title' | 'algorithm'> {
  readonly groups: readonly RecordedGroup[];
}

/** One letter for each outcome: a line holds as many as the group has rollouts. */
const letters: Readonly<Record<Outcome, string>> = {
  'votes-and-trains': 'b',
  votes: 'v',
  trains: 't',
  'low-entropy': 'l',
  'no-answer': 'a',
  'no-label': 'n',
};
const outcomeOfLetter = new Map(
  Object.entries(letters).map(([outcome, letter]) => [letter, outcome as Outcome]),
);

/** Columns in the order of the group, whose first M rollouts are the policy's. */
const groupSchema = z.strictObject({
  iteration: z.int().min(0),
  prompt: z.int().min(0),
  gold: z.string().nullable(),
  label: z.string().nullable(),
  outcomes: z.string().regex(/^[bvtlan]*$/),
  answers: z.array(z.string().nullable()),
  numTokens: z.array(z.int().min(1)),
  entropies: z.array(z.number()),
  selfCertainties: z.array(z.number()).optional(),
});

/** The header's line. */
export function encodeHeader(header: Pick<GroupsHeader, 'title' | 'algorithm'>): string {
  return JSON.stringify({ kind: 'groups', formatVersion: 1, ...header });
}

/** Reads the header's line; throws an error that says what is wrong with it. */
export function decodeHeader(line: string): GroupsHeader {
  return headerSchema.parse(JSON.parse(line));
}

/**
 * A group as one line of JSON, about 600 bytes for 32 rollouts of a short answer and a quarter of that when
 * compressed. Numbers are exact: judged again, the group gets the same verdict.
 */
export function encodeGroup(group: RecordedGroup): string {
  const { iteration, prompt, gold, label, members } = group;
  const certainties = members.flatMap(({ selfCertainty }) => selfCertainty ?? []);
  return JSON.stringify({
    iteration,
    prompt,
    gold,
    label,
    outcomes: group.outcomes.map((outcome) => letters[outcome]).join(''),
    answers: members.map(({ answer }) => answer),
    numTokens: members.map(({ numTokens }) => numTokens),
    entropies: members.map(({ entropy }) => entropy),
    ...(certainties.length === members.length ? { selfCertainties: certainties } : {}),
  });
}

/** Reads the lines of one stream's groups. */
export function groupDecoder(
  algorithm: GroupsHeader['algorithm'],
): (line: string) => RecordedGroup {
  const counts = rolloutCounts(algorithm);
  return (line) => {
    const row = groupSchema.parse(JSON.parse(line));
    const { iteration, prompt, gold, label } = row;
    const outcomes = [...row.outcomes].map((letter) => outcomeOfLetter.get(letter)!);
    return { iteration, prompt, gold, label, outcomes, members: membersOf(row, counts) };
  };
}

function membersOf(
  row: z.output<typeof groupSchema>,
  { policy, momentum }: RolloutCounts,
): GroupMember[] {
  const { answers, numTokens, entropies, selfCertainties } = row;
  const columns = { answers, numTokens, entropies, selfCertainties, outcomes: row.outcomes };
  for (const [name, column] of Object.entries(columns)) {
    if (column === undefined || column.length === policy + momentum) continue;
    throw new Error(`${name} has ${column.length} values, the group ${policy + momentum} rollouts`);
  }
  return answers.map((answer, position) => ({
    role: position < policy ? 'policy' : 'momentum',
    index: position < policy ? position : position - policy,
    answer,
    entropy: entropies[position]!,
    selfCertainty: selfCertainties?.[position] ?? null,
    numTokens: numTokens[position]!,
  }));
}

/** The outcome of a judged rollout, for the record. */
export function outcomeOf({ outcome }: JudgedMember): Outcome {
  if (outcome.kind === 'dropped') return outcome.reason;
  if (outcome.votes && outcome.trains) return 'votes-and-trains';
  return outcome.votes ? 'votes' : 'trains';
}
