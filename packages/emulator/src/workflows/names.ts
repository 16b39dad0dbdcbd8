import type { Action, Body, StepList } from "./definition";

/** Variables that steps assign, leaving out what the branches of parallel steps keep to themselves. */
export function namesAssigned({ steps }: StepList): Set<string> {
  return new Set(steps.flatMap(ofBody));
}

function ofBody({ action }: Body): string[] {
  return ofAction(action);
}

function ofAction(action: Action): string[] {
  switch (action.kind) {
    case "assign":
      return action.assignments.map(({ name }) => name);
    case "call":
      return action.result === undefined ? [] : [action.result];
    case "switch":
      return action.conditions.flatMap(({ body }) => ofBody(body));
    case "for":
      return [...namesAssigned(action.loop.steps)];
    case "try":
      return [action.attempt.body, action.attempt.except?.body].flatMap((body) => (body ? ofBody(body) : []));
    case "steps":
      return [...namesAssigned(action.steps)];
    default:
      return [];
  }
}
