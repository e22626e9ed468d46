/** What users type. */
export const PROGRAM = 'azure-iot-x509';
