/** What answers predictions. */
export interface Model {
  /** For the answers' `modelDisplayName`. */
  readonly title: string;
  /** For people, whenever it has predicted something: whose predictions these are. */
  describe(): string;
  /**
   * @returns a prediction for each instance, in their order
   * @throws ApiError, `INVALID_ARGUMENT` for instances that it does not take
   */
  predict(instances: readonly unknown[], parameters: unknown): Promise<readonly unknown[]>;
}

/** Which model answers a request. */
export type ChooseModel = (instances: readonly unknown[]) => Model;
