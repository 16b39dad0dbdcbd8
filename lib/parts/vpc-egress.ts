import { literal } from "../core/terraform-text";
import { matches, type Rule } from "../core/validation";

/** Requests that go through a VPC network: those to private addresses, or all. */
export type VpcTraffic = "PRIVATE_RANGES_ONLY" | "ALL_TRAFFIC";

/** The traffic of an egress that names none. */
export const DEFAULT_TRAFFIC: VpcTraffic = "PRIVATE_RANGES_ONLY";

/** How a function or a container reaches a VPC network: through a connector. */
export interface VpcEgress {
  /** `projects/<project>/locations/<region>/connectors/<connector>` */
  readonly connector: string;
  /**
   * Requests that go through the connector.
   * @default "PRIVATE_RANGES_ONLY"
   */
  readonly traffic?: VpcTraffic;
}

/**
 * How a container reaches a VPC network without a connector. At least one of network and subnetwork
 * is needed.
 */
export interface DirectVpcEgress {
  /**
   * Name of a network of the project, or `projects/<project>/global/networks/<network>`.
   * @default - the network of the subnetwork
   */
  readonly network?: string;
  /**
   * Name of a subnetwork in the region of the deployment, or
   * `projects/<project>/regions/<region>/subnetworks/<subnetwork>`.
   * @default - the subnetwork of the same name as the network
   */
  readonly subnetwork?: string;
  /**
   * Network tags, for firewall rules: 1 to 63 of `a-z0-9-` each.
   * @default - none
   */
  readonly tags?: readonly string[];
  /**
   * Requests that go through the network.
   * @default "PRIVATE_RANGES_ONLY"
   */
  readonly traffic?: VpcTraffic;
}

const CONNECTOR = /^projects\/[^/\s]+\/locations\/[^/\s]+\/connectors\/[^/\s]+$/;
const NETWORK = /^(projects\/[^/\s]+\/global\/networks\/)?[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
const SUBNETWORK = /^(projects\/[^/\s]+\/regions\/[^/\s]+\/subnetworks\/)?[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
const TAG = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
const NAME = "1 to 63 of a-z, 0-9 and -, beginning with a letter, not ending with -";

/** Rules for the network access of a container. */
export function vpcRules(vpc: VpcEgress | DirectVpcEgress | undefined): Rule[] {
  if (!vpc) return [];
  const { connector, network, subnetwork, tags = [] }: Partial<VpcEgress & DirectVpcEgress> = vpc;
  return [
    {
      code: "InvalidValue",
      broken: (connector !== undefined) === (network !== undefined || subnetwork !== undefined),
      message: "vpc needs either a connector, or a network or subnetwork; it has both or neither",
    },
    matches("vpc.connector", connector, CONNECTOR, "projects/<project>/locations/<region>/connectors/<connector>"),
    matches("vpc.network", network, NETWORK, `projects/<project>/global/networks/<network>, or a name: ${NAME}`),
    matches(
      "vpc.subnetwork",
      subnetwork,
      SUBNETWORK,
      `projects/<project>/regions/<region>/subnetworks/<subnetwork>, or a name: ${NAME}`,
    ),
    ...tags.map((tag) => matches("vpc.tags", tag, TAG, NAME)),
  ];
}

/** The block `vpc_access`. */
export function vpcAccess(vpc: VpcEgress | DirectVpcEgress) {
  return "connector" in vpc
    ? { connector: literal(vpc.connector), egress: vpc.traffic ?? DEFAULT_TRAFFIC }
    : directAccess(vpc);
}

/** The block `vpc_access` without a connector. */
export function directAccess({ network, subnetwork, tags, traffic = DEFAULT_TRAFFIC }: DirectVpcEgress) {
  return {
    egress: traffic,
    networkInterfaces: [{ network: literal(network), subnetwork: literal(subnetwork), tags: tags && [...tags] }],
  };
}
