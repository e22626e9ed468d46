// @peculiar/x509 builds on tsyringe, which refuses to load before the metadata polyfill: keep this import first.
import 'reflect-metadata';

export * as engine from '@peculiar/x509';
