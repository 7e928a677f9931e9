//! Minimal programs to compare Tenon with, in one process: the same web framework, the same libraries, the same
//! database with the same durability, and none of what Tenon adds (authentication, authorization, validation, request
//! ids, logs, metrics, limits).
#![allow(
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a program to compare with: it takes the time and makes ids where it needs them"
)]

mod insert;
mod row;
mod store;

use std::path::PathBuf;

use actix_web::web::{Data, Path};
use actix_web::{App, HttpResponse, HttpServer, get};
use clap::Parser;

use self::row::TaskJson;
use self::store::Store;

/// Serves the reference programs.
#[derive(Parser)]
struct Cli {
    #[arg(long)]
    bind: String,
    #[arg(long)]
    database_url: String,
    /// A task as Tenon answers it, in a file
    #[arg(long)]
    sample: PathBuf,
}

/// (a): JSON of the size of a task, serialized for each request.
#[get("/bare/tasks/{id}")]
async fn bare(_: Path<String>, sample: Data<TaskJson>) -> HttpResponse {
    HttpResponse::Ok().json(&**sample)
}

#[get("/ready")]
async fn ready() -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cli = Cli::parse();
    let sample: Data<TaskJson> = Data::new(serde_json::from_slice(&std::fs::read(&cli.sample)?)?);
    let store = Data::new(Store::open(&cli.database_url).await?);
    let app = move || {
        App::new()
            .app_data(sample.clone())
            .app_data(store.clone())
            .service(ready)
            .service(bare)
            .service(row::by_id)
            .service(row::of_project)
            .service(insert::insert)
    };
    HttpServer::new(app).bind(&cli.bind)?.run().await?;
    Ok(())
}
