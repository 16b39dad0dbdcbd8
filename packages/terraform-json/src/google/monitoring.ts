import type { ProviderDefaults } from "../model";
import { digits, project } from "./names";
import type { Attributes, GoogleService } from "./resource-type";

export const MONITORING: GoogleService = {
  resources: {
    google_monitoring_notification_channel: { computed: { id: channelName, name: channelName } },
  },
};

function channelName(a: Attributes, d: ProviderDefaults): string {
  return `projects/${project(a, d)}/notificationChannels/${digits(`${a.type}/${a.display_name}`, 19)}`;
}
